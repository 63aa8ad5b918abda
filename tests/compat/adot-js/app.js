// A service without a word of tracing: each request makes three calls to the next one, where there is a next one.
const http = require('node:http');

const NEXT = process.env.SPRINGBOOT2_URL;

const get = (url) =>
  new Promise((resolve, reject) => {
    http
      .get(url, { family: 4 }, (answer) => {
        let body = '';
        answer.on('data', (chunk) => (body += chunk));
        answer.on('end', () => resolve(body));
      })
      .on('error', reject);
  });

const server = http.createServer(async (request, response) => {
  if (request.url !== '/') {
    response.end('Hello\n');
    return;
  }
  const greetings = [];
  for (const number of [0, 1, 2]) {
    greetings.push(await get(`${NEXT}/hello?number=${number}`));
  }
  response.end(greetings.join(''));
});
server.listen(0, '127.0.0.1', () => console.log(`ready http=127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
