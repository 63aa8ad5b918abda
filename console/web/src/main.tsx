// Starts the console in the page.
import './style/cloudscape.css';
import './style/tokens.css';
import './style/palette.css';
import './style/base.css';
import './style/parts.css';
import './style/page.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './shell/App';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
