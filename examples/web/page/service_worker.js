/**
 * Keeps the page, the model and LiteRT, so that all of it works without a network.
 *
 * Each file is kept under its digest: a new build fetches only what has changed.
 */

importScripts("files.js");

const CACHE = "keras-imgdesc";
// Large, and some only for other browsers: kept when they are first asked for.
const isLarge = (path) => /^(litert\/litert_wasm|model\/)/.test(path);

const addressOf = (path) => new URL(path, registration.scope).href;
const keyOf = (path) => `${addressOf(path)}?${FILES[path]}`;

self.addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(keepSmallFiles());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldFiles().then(() => clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const [address] = event.request.url.split(/[?#]/);
  if (!address.startsWith(registration.scope)) return;
  const path = address.slice(registration.scope.length) || "index.html";
  if (event.request.method !== "GET" || !(path in FILES)) return;
  event.respondWith(answer(path, event));
});

async function keepSmallFiles() {
  const cache = await caches.open(CACHE);
  const paths = Object.keys(FILES).filter((path) => !isLarge(path));
  await Promise.all(
    paths.map(async (path) => {
      if (await cache.match(keyOf(path))) return;
      const response = await fetchNew(path);
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      await cache.put(keyOf(path), response);
    }),
  );
}

async function dropOldFiles() {
  const cache = await caches.open(CACHE);
  const current = new Set(Object.keys(FILES).map(keyOf));
  const requests = await cache.keys();
  const old = requests.filter((request) => !current.has(request.url));
  await Promise.all(old.map((request) => cache.delete(request)));
}

async function answer(path, event) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(keyOf(path));
  if (kept) return kept;
  const response = await fetchNew(path);
  if (response.ok) {
    // Without room for it the page still works, only not without a network.
    event.waitUntil(cache.put(keyOf(path), response.clone()).catch(() => undefined));
  }
  return response;
}

function fetchNew(path) {
  return fetch(addressOf(path), { cache: "no-cache" });
}
