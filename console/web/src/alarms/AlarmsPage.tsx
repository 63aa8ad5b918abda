// Conditions that are watched, and who is told.
import { Link } from 'wouter';
import { Blank } from '../ui/Blank';
import { PageHead } from '../ui/PageHead';
import { useTitle } from '../ui/useTabStatus';
import { linkTo } from '../location/address';

const COLUMNS = ['State', 'Name', 'Condition', 'Last 24 h', 'Tells'];

export default function AlarmsPage() {
  useTitle('Alarms');
  return (
    <div className="page">
      <PageHead title="Alarms">A condition on the numbers of a service or a group, such as “fault rate of checkout above 5 % for 2 of 3 minutes”, and who is told when it holds.</PageHead>
      <table className="grid">
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody />
      </table>
      <Blank title="This version has no alarms yet">
        <p>
          They come with the version that evaluates them. Then one is made here, tried against the last seven days before it is saved, and tells by webhook, mail or SNS.
        </p>
        <p>
          Until then <Link className="text-link" href={linkTo('/')}>the map lists what fails now</Link>, with a count in the title of this tab. Prometheus can watch the server itself at{' '}
          <a className="text-link" href="/metrics">
            /metrics
          </a>
          , and a program can ask GetTimeSeriesServiceStatistics: <Link className="text-link" href={linkTo('/settings', { tab: 'api', operation: 'GetTimeSeriesServiceStatistics' })}>try it</Link>.
        </p>
      </Blank>
    </div>
  );
}
