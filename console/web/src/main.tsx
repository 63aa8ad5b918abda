// Starts the console in the page.
import './style/cloudscape.css';
import '@xyflow/react/dist/base.css';
import './style/tokens.css';
import './style/palette.css';
import './style/shell.css';
import './style/toolbar.css';
import './style/notice.css';
import './style/now.css';
import './style/strip.css';
import './style/map-bar.css';
import './style/map.css';
import './style/map-edge.css';
import './style/map-controls.css';
import './style/panel.css';
import './style/traces.css';
import './style/filter.css';
import './style/trace-list.css';
import './style/preview.css';
import './style/analytics.css';
import './style/trace.css';
import './style/waterfall.css';
import './style/trace-view.css';
import './style/bar.css';
import './style/span.css';
import './style/first.css';
import './style/page.css';
import './style/sampling.css';
import './style/settings.css';
import './style/doctor.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
