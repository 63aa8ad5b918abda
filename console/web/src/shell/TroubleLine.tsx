// What is wrong with Fluoro itself, in red above every page: a watchman that is blind must not look well.
import { useFiring } from '../api/firing';

export function TroubleLine() {
  const troubles = (useFiring().data ?? []).filter(({ kind }) => kind === 'fluoro');
  if (troubles.length === 0) return null;
  return (
    <div className="trouble-line" role="alert">
      {troubles.map((trouble) => (
        <p key={trouble.key}>
          <strong>{trouble.title}.</strong> {trouble.summary} <a href={trouble.page}>Look there</a>
        </p>
      ))}
    </div>
  );
}
