// The mark of the product: a ring seen through, with one arc that glows.
export function Logo() {
  return (
    <svg width="26" height="26" viewBox="-13 -13 26 26" aria-hidden="true" className="logo">
      <circle r="9.5" className="logo-ring" />
      <circle r="9.5" className="logo-arc" strokeDasharray="15 60" transform="rotate(-90)" />
      <circle r="3.4" className="logo-core" />
    </svg>
  );
}
