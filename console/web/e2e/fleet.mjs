// A fleet of any size, made by real segments: teams of services behind a gateway, some of which call other teams.
import { hex, newTraceId } from './server.mjs';

const TEAMS = [
  'payments', 'orders', 'search', 'catalog', 'identity', 'shipping', 'pricing', 'reviews', 'media', 'growth', 'risk', 'finance', 'support', 'legal', 'mobile', 'data', 'geo', 'ads',
];
const PER_REQUEST = 50;

const teamName = (team) => (team < TEAMS.length ? TEAMS[team] : `team${String(team).padStart(3, '0')}`);

/** Services of each team; the first is its API. */
export function fleetOf(services) {
  const size = services <= 60 ? 10 : services <= 300 ? 14 : 20;
  const teams = [];
  for (let made = 1; made < services; made += size) {
    const members = Math.min(size, services - made);
    teams.push(Array.from({ length: members }, (_, index) => `${teamName(teams.length)}-${index === 0 ? 'api' : index % 4 === 3 ? `db${index}` : `svc${index}`}`));
  }
  return teams;
}

/** One trace: the gateway calls a team's API, which calls down a tree of its services, and another team's API. */
function trace(teams, index, isFailing) {
  const trace_id = newTraceId();
  const end = Date.now() / 1000;
  const documents = [];
  const team = teams[index];
  const other = teams[(index * 7 + 3) % teams.length];
  const callees = new Map([['gateway', [team[0]]]]);
  team.forEach((name, at) => callees.set(name, [2 * at + 1, 2 * at + 2].filter((child) => child < team.length).map((child) => team[child])));
  if (other !== team) callees.get(team[team.length - 1]).push(other[0]);
  const culprit = isFailing ? team[team.length - 1] : undefined;
  const isOnPath = (name) => name === culprit || (callees.get(name) ?? []).some(isOnPath);
  const visit = (name, start, length, parent) => {
    const fault = culprit !== undefined && isOnPath(name);
    const http = { request: { method: 'GET', url: `http://${name}.example.com/${name}` }, response: { status: fault ? 500 : 200 } };
    const children = (callees.get(name) ?? []).map((callee, at) => ({
      id: hex(16), name: callee, namespace: 'remote', start_time: start + length * 0.1 * (at + 1), end_time: start + length * 0.8, fault: culprit !== undefined && isOnPath(callee),
    }));
    const cause = name === culprit ? { cause: { working_directory: '/', exceptions: [{ id: hex(16), type: 'QueueFull', message: 'no room' }] } } : {};
    documents.push({
      id: hex(16), trace_id, name, origin: 'AWS::ECS::Container', start_time: start, end_time: start + length, http, fault, ...cause,
      ...(parent ? { parent_id: parent } : { user: `user-${index}` }), subsegments: children,
      service: { version: '1.0.0' },
    });
    for (const child of children) if (callees.has(child.name) || child.name === other[0]) visit(child.name, child.start_time, child.end_time - child.start_time, child.id);
  };
  visit('gateway', end - 0.4, 0.4);
  return documents;
}

/** Sends so many rounds, a trace for each team and round; in every third the given teams fail. */
export async function sendFleet(url, services, { rounds = 2, failing = [0] } = {}) {
  const teams = fleetOf(services);
  const documents = [];
  for (let round = 0; round < rounds; round += 1) {
    teams.forEach((_, index) => documents.push(...trace(teams, index, failing.includes(index) && round % 2 === 0)));
  }
  for (let at = 0; at < documents.length; at += PER_REQUEST) {
    const body = JSON.stringify({ TraceSegmentDocuments: documents.slice(at, at + PER_REQUEST).map((document) => JSON.stringify(document)) });
    const answer = await fetch(`${url}/TraceSegments`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { UnprocessedTraceSegments } = await answer.json();
    if (!answer.ok || UnprocessedTraceSegments.length > 0) throw new Error(`${answer.status} ${JSON.stringify(UnprocessedTraceSegments).slice(0, 300)}`);
  }
  return teams;
}
