/**
 * Runs the captioner beside the page, which stays quick to the touch.
 *
 * A classic worker, as LiteRT loads its WebAssembly with `importScripts`.
 */

const loading = load();

async function load() {
  const [{ Captioner }, { loadPixels }] = await Promise.all([
    import("./captioner.js"),
    import("./pixels.js"),
  ]);
  const captioner = await Captioner.load((received, total) =>
    postMessage({ kind: "progress", received, total }),
  );
  return { captioner, loadPixels };
}

loading.then(
  ({ captioner }) => postMessage({ kind: "ready", metadata: captioner.metadata }),
  (error) => postMessage({ kind: "failed", ...told(error) }),
);

onmessage = async ({ data: { number, file } }) => {
  try {
    const { captioner, loadPixels } = await loading;
    const start = performance.now();
    const pixels = await loadPixels(file, captioner.imageSize);
    const read = performance.now();
    const caption = await captioner.describe(pixels);
    const seconds = {
      reading: (read - start) / 1000,
      model: (performance.now() - read) / 1000,
    };
    postMessage({ kind: "caption", number, caption: { ...caption, seconds } });
  } catch (error) {
    postMessage({ kind: "error", number, ...told(error) });
  }
};

function told(error) {
  return { error: error.constructor.name, message: String(error.message ?? error) };
}
