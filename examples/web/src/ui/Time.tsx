const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const FULL = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** A time in words, for instance `2 hours ago`. */
export const Time = ({ at }: { at: string }) => (
  <time dateTime={at} title={FULL.format(new Date(at))}>
    {inWords(at)}
  </time>
);

function inWords(at: string) {
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  if (seconds < -30 * 86_400) return FULL.format(new Date(at));
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 0];
  return size ? RELATIVE.format(Math.round(seconds / size), unit) : 'just now';
}
