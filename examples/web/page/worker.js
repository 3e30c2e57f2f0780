/**
 * Runs a model beside the page, which stays quick to the touch.
 *
 * Its name says which: `captioner` or `painter`. A classic worker, as LiteRT loads its
 * WebAssembly with `importScripts`.
 */

const loading = load();

async function load() {
  const { Task } = await import(`./${self.name}.js`);
  return Task.load((received, total) =>
    postMessage({ kind: "progress", received, total }),
  );
}

loading.then(
  ({ about }) => postMessage({ kind: "ready", about }),
  (error) => postMessage({ kind: "failed", ...told(error) }),
);

onmessage = async ({ data: { number, request } }) => {
  try {
    const task = await loading;
    postMessage({ kind: "answer", number, answer: await task.answer(request) });
  } catch (error) {
    postMessage({ kind: "error", number, ...told(error) });
  }
};

function told(error) {
  return { error: error.constructor.name, message: String(error.message ?? error) };
}
