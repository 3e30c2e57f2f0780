/** A model, loaded when it is first asked for. */

import { PlainError } from "./errors.js";
import { ModelClient } from "./model_client.js";
import { keepForOffline } from "./offline.js";

/**
 * @param {string} name see `ModelClient`.
 * @param {StatusView} status told of the progress.
 * @param {object} told see `ModelClient`.
 * @returns {Promise<ModelClient>}
 */
export async function loadModel(name, status, told) {
  status.say("Loading the model…");
  if (typeof WebAssembly === "undefined") {
    throw new PlainError("This browser has no WebAssembly, which the model needs.");
  }
  await keepForOffline();
  return new ModelClient(name, {
    onProgress: (received, total) => status.showProgress(received, total),
    ...told,
  });
}
