/** What can go wrong, as the page and its workers name it. */

/** What went wrong, in words for whoever uses the page. */
export class PlainError extends Error {}

/** A model cannot be had, or does not work in this browser. */
export class ModelError extends PlainError {}

/** The page was built without this model. */
export class MissingModelError extends ModelError {}

/** A file that is no picture, or not one that this browser reads. */
export class PictureError extends PlainError {
  /** @param {File | Blob} file */
  constructor(file, options) {
    super(
      `“${file.name}” is not a picture that this browser can read. ` +
        "Try a JPEG or PNG file.",
      options,
    );
  }
}

/** A picture that is refused, in the words of Python. */
export class RefusedPictureError extends PlainError {
  /** @param {File | Blob} file */
  constructor(file, rule, remedy) {
    super(`“${file.name}” cannot be used. ${rule}. ${remedy}.`);
  }
}

/** A file that `export_tflite` has not written. */
export class ModelFileError extends PlainError {
  constructor(reason) {
    super(`The model was not written by keras-imgdesc export tflite: ${reason}.`);
  }
}
