/** Keeps the page and the model on the device. */

const PATIENCE_MILLISECONDS = 4000;

/**
 * Registers the service worker, and waits on a first visit until it serves this page:
 * what the page fetches from then on is kept.
 *
 * Without one (an address that is neither https nor localhost, a private window) the
 * page works as well, but needs the network each time.
 */
export async function keepForOffline() {
  if (!navigator.serviceWorker) return;
  try {
    const registration = await navigator.serviceWorker.register("service_worker.js");
    // Where one is active and serves nothing, the user has asked to bypass it.
    if (navigator.serviceWorker.controller || registration.active) return;
    await Promise.race([
      new Promise((resolve) =>
        navigator.serviceWorker.addEventListener("controllerchange", resolve),
      ),
      new Promise((resolve) => setTimeout(resolve, PATIENCE_MILLISECONDS)),
    ]);
  } catch (error) {
    console.warn("The page will not work offline:", error);
  }
}
