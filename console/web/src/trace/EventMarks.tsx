// The events of a span as marks on its bar, for the eye and the mouse; by keyboard `e` goes from one to the next.
import type { MouseEvent } from 'react';
import type { Span } from '../api/generated/Span';
import { heapsOf, type Mark } from './marks';
import './events.css';

interface EventMarksProps {
  span: Span;
  index: number;
  from: number;
  to: number;
  onMark: (mark: Mark) => void;
}

export function EventMarks({ span, index, from, to, onMark }: EventMarksProps) {
  return heapsOf(span, from, to).map(({ left, event, title, hasException }) => {
    const open = (click: MouseEvent) => {
      click.stopPropagation();
      onMark({ span: index, event });
    };
    return (
      <span
        key={event}
        className={hasException ? 'event-mark is-exception' : 'event-mark'}
        style={{ left: `${left * 100}%` }}
        title={title}
        aria-hidden="true"
        onClick={open}
      />
    );
  });
}
