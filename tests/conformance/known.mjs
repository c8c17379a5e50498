// The differences that are meant to be, each with its reason.

/** `matches(request, difference)` tells whether this is the one. */
export const known = [];
