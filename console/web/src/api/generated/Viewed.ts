import type { SpanDetail } from "./SpanDetail";
import type { TraceDetail } from "./TraceDetail";
export type Viewed = { trace: TraceDetail, spans: Array<SpanDetail>, refused: Array<string>, };
