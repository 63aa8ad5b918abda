// The story's traffic: SpringBoot calls SpringBoot2 three times for each request, until SpringBoot2 is gone.
import { hex, newTraceId } from './server.mjs';

const TYPE = 'AWS::EKS::Container';
const GONE = 'springboot2.default: Name or service not known';

const response = (status) => ({ status, content_length: 42 });

function request(url) {
  return { method: 'GET', url, client_ip: '203.0.113.13', user_agent: 'curl/8' };
}

export function healthy(user) {
  const trace_id = newTraceId();
  const end = Date.now() / 1000;
  const start = end - 0.06;
  const calls = [0, 1, 2].map((index) => ({
    id: hex(16), name: 'springboot2.default', namespace: 'remote', start_time: start + 0.005 + index * 0.015, end_time: start + 0.017 + index * 0.015,
    http: { request: { method: 'GET', url: 'http://springboot2.default/hello', traced: true }, response: response(200) },
  }));
  const first = {
    id: hex(16), trace_id, name: 'SpringBoot', origin: TYPE, start_time: start, end_time: end, user,
    http: { request: request('http://shop.example.com/greeting'), response: response(200) }, annotations: { tenant: 'acme' }, subsegments: calls,
  };
  const second = calls.map((call) => ({
    id: hex(16), trace_id, parent_id: call.id, name: 'SpringBoot2', origin: TYPE, start_time: call.start_time + 0.002, end_time: call.end_time - 0.002,
    http: { request: request('http://springboot2.default/hello'), response: response(200) },
  }));
  return [...second, first];
}

export function broken(user) {
  const trace_id = newTraceId();
  const end = Date.now() / 1000;
  const start = end - 0.02;
  const stack = [
    { path: 'Inet4AddressImpl.java', line: 0, label: 'lookupAllHostAddr' },
    { path: 'InetAddress.java', line: 933, label: 'lookupAllHostAddr' },
  ];
  const call = {
    id: hex(16), name: 'springboot2.default', namespace: 'remote', start_time: start + 0.004, end_time: end - 0.004, fault: true,
    http: { request: { method: 'GET', url: 'http://springboot2.default/hello' } },
    cause: { working_directory: '/app', exceptions: [{ id: hex(16), type: 'java.net.UnknownHostException', message: GONE, remote: false, stack }] },
  };
  return [{
    id: hex(16), trace_id, name: 'SpringBoot', origin: TYPE, start_time: start, end_time: end, user, fault: true,
    http: { request: request('http://shop.example.com/greeting'), response: response(500) },
    cause: {
      working_directory: '/app',
      exceptions: [{ id: hex(16), type: 'org.springframework.web.util.NestedServletException', message: `Request processing failed: ${GONE}`, stack }],
    },
    subsegments: [call],
  }];
}

export const repeat = (amount, make) => Array.from({ length: amount }, (_, index) => make(`user-${index % 9}`)).flat();
