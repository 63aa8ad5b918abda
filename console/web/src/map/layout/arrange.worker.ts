// Runs `arrange` off the main thread, one answer for each numbered request.
import { arrange, type ArrangeRequest } from './arrange';

self.onmessage = (event: MessageEvent<{ number: number; request: ArrangeRequest }>) => {
  const { number, request } = event.data;
  self.postMessage({ number, placed: [...arrange(request)] });
};
