const HUES = 12;

/** The initials of a user. The name must be written beside it, or be its label. */
export function Avatar({ name, id }: { name: string; id: string }) {
  const initials = name
    .split(/[\s._-]+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => [...word][0])
    .join('');
  return (
    <span className="avatar" aria-hidden style={{ '--hue': `${hueOf(id)}deg` } as React.CSSProperties}>
      {initials.toUpperCase()}
    </span>
  );
}

function hueOf(id: string) {
  const sum = [...id].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  return (sum % HUES) * (360 / HUES);
}
