/** All the ways in which a picture comes to the page. */

/** @param {(file: File) => void} onPicture told of each file. */
export function listenForPictures(onPicture) {
  const take = (files) => files[0] && onPicture(files[0]);
  for (const input of document.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      take(input.files);
      // So that the same file can be chosen again.
      input.value = "";
    });
  }
  for (const button of document.querySelectorAll("[data-example]")) {
    button.addEventListener("click", async () =>
      onPicture(await fetchPicture(button.dataset.example)),
    );
  }
  const { classList } = document.body;
  addEventListener("dragover", (event) => {
    event.preventDefault();
    classList.add("is-dropping");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) classList.remove("is-dropping");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    classList.remove("is-dropping");
    take(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => take(event.clipboardData.files));
}

async function fetchPicture(path) {
  const response = await fetch(path);
  return new File([await response.blob()], path.split("/").pop());
}
