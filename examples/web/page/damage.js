/** What may be missing of a picture, in the words of Python. */

export const MISSING = {
  end: "its end marker is missing",
  data: "data are missing before its end",
  scan: "scans are missing or not in order",
  restart: "the number of its restart markers is wrong",
  stray: "there are stray bytes between its scans",
  trailer: "its end is missing",
};
