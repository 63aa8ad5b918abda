// Why the first trace may not show: what was refused, with the remedy, and the way to the doctor.
import { Link } from 'wouter';
import type { Status } from '../api/generated/Status';
import { linkTo } from '../location/address';
import { RefusalList } from './RefusalList';
import './first.css';
import './doctor.css';

export function Doctor({ status }: { status: Status }) {
  return (
    <section className="doctor" aria-label="Not working?">
      <h2>Not working?</h2>
      {status.recentRefusals.length === 0 ? (
        <p className="muted">Nothing was refused. What is refused shows here at once, with the reason.</p>
      ) : (
        <RefusalList refusals={status.recentRefusals} />
      )}
      <p className="doctor-link">
        <Link className="text-link" href={linkTo('/doctor')}>
          Ask the doctor about a trace id
        </Link>
      </p>
    </section>
  );
}
