// Fails if files of src/ import each other, directly or indirectly.
//
// A `pub use` in a module file is a re-export, not an import: whoever imports the name imports the file
// that defines it. Unit tests may import anything.

// These modules count as one file, because object types of a GraphQL schema refer to each other (a
// board has cards, a card has a board).
const UNITS = ["graphql::schema::types"];

// What each layer may import, besides itself.
const LAYERS = {
  domain: [],
  metrics: [],
  config: ["domain"],
  events: ["domain"],
  mail: ["config", "domain"],
  store: ["events", "config", "metrics", "domain"],
  service: ["store", "mail", "events", "config", "metrics", "domain"],
  graphql: ["service", "store", "events", "config", "metrics", "domain"],
  http: ["graphql", "service", "events", "config", "metrics", "domain"],
  app: ["http", "graphql", "service", "store", "secret_file", "config", "metrics", "domain"],
  cli: ["app", "service", "graphql", "store", "config", "metrics", "domain"],
};

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const modules = new Map(); // module path, e.g. "store::db" -> { file, imports, exports }

function load(folder, path) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const name = entry.name.replace(/\.rs$/, "");
    const child = path ? `${path}::${name}` : name;
    if (entry.isDirectory()) load(join(folder, entry.name), child);
    else if (name === "mod") add(path, join(folder, entry.name));
    else if (name === "lib") add("", join(folder, entry.name));
    else if (name !== "main") add(child, join(folder, entry.name));
  }
}

function add(path, file) {
  const code = readFileSync(file, "utf8")
    .replace(/#\[cfg\(test\)\]\s*mod \w+ \{[^]*$/, "")
    .replace(/\/\/.*$/gm, "")
    .replace(/pub\(in [^)]*\)/g, "pub(crate)");
  const imports = [];
  const exports = new Map();
  const rest = code.replace(/\b(pub(?:\([^)]*\))? )?use ([^;]+);/g, (_, isPublic, tree) => {
    for (const { path: target, name } of leaves(tree.replace(/\s+/g, " ").trim())) {
      exports.set(name, target);
      if (!isPublic) imports.push(target);
    }
    return "";
  });
  for (const [target] of rest.matchAll(/\b(?:crate|super|self)(?:::\w+)+/g)) imports.push(target.split("::"));
  modules.set(path, { file, imports, exports });
}

// The paths of a use tree: "a::{b, c::{d, e as f}}" contains a::b, a::c::d and a::c::e.
function leaves(tree, before = []) {
  const brace = tree.indexOf("{");
  if (brace < 0) {
    const [path, alias] = tree.split(" as ");
    const parts = [...before, ...path.trim().split("::")];
    if (parts.at(-1) === "self") parts.pop();
    return [{ path: parts, name: (alias ?? parts.at(-1)).trim() }];
  }
  const head = tree.slice(0, brace).split("::").map((part) => part.trim()).filter(Boolean);
  const found = [];
  let depth = 0;
  let start = brace + 1;
  for (let at = brace + 1; at < tree.length; at += 1) {
    if (tree[at] === "{") depth += 1;
    const ends = depth === 0 && (tree[at] === "," || tree[at] === "}");
    if (tree[at] === "}") depth -= 1;
    if (!ends) continue;
    const item = tree.slice(start, at).trim();
    if (item) found.push(...leaves(item, [...before, ...head]));
    start = at + 1;
  }
  return found;
}

// The module that defines the item at a path, resolved from a module; undefined for other crates.
function definer(from, path, depth = 0) {
  let [first, ...rest] = path;
  let at = from;
  if (first === "crate") at = "";
  else if (first === "super") at = parent(from);
  else if (first === "self") at = from;
  else if (modules.has(child(from, first))) rest = path;
  else {
    const handedOn = modules.get(from)?.exports.get(first);
    if (!handedOn || depth > 8 || handedOn[0] === first) return undefined;
    return definer(from, [...handedOn, ...rest], depth + 1);
  }
  while (rest.length > 0) {
    const [name, ...others] = rest;
    if (name === "super") at = parent(at);
    else if (modules.has(child(at, name))) at = child(at, name);
    else {
      const handedOn = modules.get(at)?.exports.get(name);
      if (handedOn && depth <= 8) return definer(at, [...handedOn, ...others], depth + 1) ?? at;
      return at;
    }
    rest = others;
  }
  return at;
}

const parent = (path) => path.split("::").slice(0, -1).join("::");
const child = (path, name) => (path ? `${path}::${name}` : name);

load("src", "");
const unit = (path) => UNITS.find((one) => path === one || path.startsWith(`${one}::`)) ?? path;
const arrows = new Map();
for (const [path, { imports }] of modules) {
  const from = unit(path);
  const targets = imports.map((target) => definer(path, target)).filter((target) => target !== undefined).map(unit);
  arrows.set(from, [...new Set([...(arrows.get(from) ?? []), ...targets])].filter((target) => target !== from));
}

const strays = [];
for (const [from, targets] of arrows) {
  const [layer] = from.split("::");
  const allowed = LAYERS[layer];
  if (!allowed) continue;
  for (const target of targets) {
    const [other] = target.split("::");
    if (other !== layer && other !== "" && !allowed.includes(other)) strays.push(`${from} must not import ${target}`);
  }
}

// Tarjan's algorithm for strongly connected components.
const circles = [];
const index = new Map();
const low = new Map();
const stack = [];
function visit(path) {
  index.set(path, index.size);
  low.set(path, index.get(path));
  stack.push(path);
  for (const target of arrows.get(path)) {
    if (!index.has(target)) visit(target);
    if (stack.includes(target)) low.set(path, Math.min(low.get(path), low.get(target)));
  }
  if (low.get(path) !== index.get(path)) return;
  const component = stack.splice(stack.indexOf(path));
  if (component.length > 1) circles.push(component);
}
for (const path of arrows.keys()) if (!index.has(path)) visit(path);

for (const circle of circles) {
  console.error("Import cycle between these files:");
  for (const path of circle) {
    const others = arrows.get(path).filter((target) => circle.includes(target));
    console.error(`  ${modules.get(path).file} -> ${others.map((target) => modules.get(target).file).join(", ")}`);
  }
}
for (const stray of strays) console.error(stray);
console.log(`${modules.size} files, ${circles.length} import cycles`);
process.exit(circles.length + strays.length > 0 ? 1 : 0);
