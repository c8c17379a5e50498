// The bar with the access token. The token is kept only in the input and in this tab's sessionStorage.

const input = document.getElementById("token");
const hint = document.getElementById("hint");

/** The access token, or an empty string. */
export function accessToken() {
  return input.value;
}

/** Replaces the access token; the hint says where the new one comes from. */
export function useToken(token, text) {
  input.value = token;
  hint.value = text;
  sessionStorage.setItem("accessToken", token);
}

const ADVICE = "run logIn or paste an access token";

input.value = sessionStorage.getItem("accessToken") ?? "";
hint.value = input.value ? "access token of this tab" : ADVICE;
input.addEventListener("input", () => useToken(input.value.trim(), ADVICE));
