// Flags on the time strip where versions first appeared, and the same as a list.
import type { ScaleTime } from 'd3-scale';
import type { VersionMark } from '../api/generated/VersionMark';
import { spokenName } from '../map/display-name';
import { instant, minuteTime } from '../quantity';

interface MarksProps {
  versions: VersionMark[];
  x: ScaleTime<number, number>;
  width: number;
  height: number;
}

export function VersionMarks({ versions, x, width, height }: MarksProps) {
  return versions.map((mark) => {
    const at = x(new Date(mark.at));
    if (at < 0 || at > width) return null;
    return (
      <g key={`${mark.nodeId} ${mark.version}`} className="strip-mark" transform={`translate(${at} 0)`}>
        <title>{`${spokenName(mark.name)} ${mark.version} first seen ${minuteTime(mark.at)}`}</title>
        <line y1={0} y2={height} />
        <path d="M0 0H9L6.5 3.5 9 7H0Z" />
      </g>
    );
  });
}

export function VersionList({ versions }: { versions: VersionMark[] }) {
  if (versions.length === 0) return null;
  return (
    <ul>
      {versions.map((mark) => (
        <li key={`${mark.nodeId} ${mark.version}`}>
          {spokenName(mark.name)} {mark.version} first seen {instant(mark.at)}
        </li>
      ))}
    </ul>
  );
}
