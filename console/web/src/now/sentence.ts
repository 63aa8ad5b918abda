// Small words of the rail. Whole sentences come from the server, so that messages say the same.
import { duration } from '../quantity';

export function lasted(ms: number): string {
  return duration(Math.max(1000, Math.round(ms / 1000) * 1000));
}

/** 1st, 2nd, 3rd, 4th, 11th, 21st. */
export function ordinal(number: number): string {
  const isTeen = number % 100 >= 11 && number % 100 <= 13;
  const ending = isTeen ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' }[number % 10] ?? 'th');
  return `${number}${ending}`;
}
