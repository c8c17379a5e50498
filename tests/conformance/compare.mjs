// Compares the server's response with that of graphql-js.

/** A description of the difference; undefined if there is none. */
export function difference(expected, actual) {
  if (!('data' in actual)) {
    const [error] = actual.errors;
    const code = error.extensions?.code;
    if (!expected.refused) return `refused (${code}: ${error.message}); graphql-js accepts it`;
    if (code !== expected.refused)
      return `refused with ${code} (${error.message}); graphql-js expects ${expected.refused} (${expected.message})`;
    return undefined;
  }
  if (expected.refused)
    return `accepted, ${JSON.stringify(actual).slice(0, 300)}; refused by graphql-js: ${expected.message}`;
  if (expected.unknown) return undefined;
  const [want, got] = [JSON.stringify(expected.data), JSON.stringify(actual.data)];
  if (want !== got)
    return `data ${got} ${JSON.stringify(actual.errors ?? [])}; graphql-js: ${want} ${JSON.stringify(expected.errors)}`;
  return differenceOfErrors(expected, actual.errors ?? [], actual.data);
}

/**
 * Each null that an error has caused must have an error. Which of several errors below one null is reported is up to
 * the server (specification, "Handling Execution Errors"), but it must be one that occurred, reported once.
 */
function differenceOfErrors(expected, errors, data) {
  const paths = errors.map(({ path }) => JSON.stringify(path ?? []));
  const told = `error paths ${paths}`;
  if (new Set(paths).size < paths.length) return `${told}: one is reported twice`;
  const thrown = expected.thrown.map((path) => JSON.stringify(path));
  const stray = paths.find((path) => !thrown.includes(path));
  if (stray) return `${told}; by graphql-js these are possible: ${[...new Set(thrown)]}`;
  const nulls = (all) => [...new Set(all.map(({ path }) => nullAt(data, path ?? [])))].sort().join(' ');
  const [want, got] = [nulls(expected.errors), nulls(errors)];
  return want === got ? undefined : `nulls with errors: ${got}; graphql-js: ${want}`;
}

/** The prefix of `path` that is null. */
function nullAt(data, path) {
  let length = 0;
  for (let value = data; value !== null && length < path.length; length += 1) value = value[path[length]];
  return JSON.stringify(path.slice(0, length));
}

/** Whether both report the same location for the first error. */
export function samePlace(expected, actual) {
  const place = actual.errors?.[0]?.locations?.[0];
  return place?.line === expected.place?.line && place?.column === expected.place?.column;
}
