/** The page: pictures to words, and words to pictures. */

import { DescribePanel } from "./describe_panel.js";
import { PaintPanel } from "./paint_panel.js";
import { Tabs } from "./tabs.js";

const panels = {
  describe: new DescribePanel(() => tabs.show("describe")),
  paint: new PaintPanel(),
};
const tabs = new Tabs(document.getElementById("tabs"), (name) => panels[name].open());
tabs.showAddressed();
