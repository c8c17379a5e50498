// Loads GraphiQL from the server or from the CDN.

import { FILES } from "./files.js";

const TIME_LIMIT = 8_000;

/** Loads all files. Fails if one of them cannot be loaded, is not the pinned one, or takes too long. */
export async function loadFiles(source, nonce) {
  const elements = FILES.map((file) => element(source, nonce, file));
  try {
    await Promise.race([Promise.all(elements.map(loaded)), tooLate()]);
  } catch (error) {
    // A style sheet that arrives later must not change the page.
    for (const one of elements) one.remove();
    throw error;
  }
}

function element(source, nonce, { path, integrity }) {
  const address = `${source}/${path}`;
  const isStyle = path.endsWith(".css");
  const kind = isStyle ? { rel: "stylesheet", href: address } : { src: address, async: false };
  const tag = document.createElement(isStyle ? "link" : "script");
  return Object.assign(tag, kind, { nonce, integrity, crossOrigin: "anonymous" });
}

function loaded(tag) {
  return new Promise((resolve, reject) => {
    tag.addEventListener("load", resolve);
    tag.addEventListener("error", () => reject(new Error(`not loaded: ${tag.src ?? tag.href}`)));
    document.head.append(tag);
  });
}

function tooLate() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error("GraphiQL takes too long to load")), TIME_LIMIT);
  });
}
