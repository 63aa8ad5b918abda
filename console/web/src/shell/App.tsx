// The whole console: providers, the toolbar, and the page that the path names.
import { I18nProvider } from '@cloudscape-design/components/i18n';
import messages from '@cloudscape-design/components/i18n/messages/all.en';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { ApiError } from '../api/client';
import { startLive } from '../api/live';
import { DropFile } from '../file/DropFile';
import { decoded } from '../location/address';
import { fromAws } from '../location/legacy';
import { CapsuleLine } from './CapsuleLine';
import { Crash } from './Crash';
import { HelpPanel } from './HelpPanel';
import { Loading } from '../ui/Loading';
import { Navigation } from './Navigation';
import { PAGES } from './pages';
import { Toolbar } from './Toolbar';
import { TroubleLine } from './TroubleLine';
import { Notice } from '../ui/Notice';
import { FirstTrace } from '../first/FirstTrace';
import { usePreferences } from '../location/preference';
import { useTheme } from '../ui/useTheme';
import './toolbar.css';
import './bell.css';
import './phone.css';

const FilePage = lazy(() => import('../file/FilePage'));
const TracePage = lazy(() => import('../trace/TracePage'));
const IssuePage = lazy(() => import('../issue/IssuePage'));
const InsightPage = lazy(() => import('../insights/InsightPage'));
const ServicePage = lazy(() => import('../service/ServicePage'));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      refetchOnWindowFocus: true,
      // An answer with a status will not change by asking again; only silence is worth a second try.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status > 0),
    },
  },
});

export function App() {
  useTheme();
  // Times are written anew in another zone.
  const { zone } = usePreferences();
  useEffect(() => startLive(queries), []);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const openHelp = useCallback(() => setHelpOpen(true), []);
  return (
    <QueryClientProvider client={queries}>
      <I18nProvider locale="en" messages={[messages]}>
        <a className="skip-link" href="#main">
          Skip to content
        </a>
        <Toolbar onHelp={openHelp} />
        <TroubleLine />
        <CapsuleLine />
        <div className="frame">
          <Navigation onHelp={openHelp} />
          <main id="main" tabIndex={-1}>
            <Pages key={zone} />
          </main>
        </div>
        <HelpPanel isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
        <FirstTrace />
        <DropFile />
        <Notice />
      </I18nProvider>
    </QueryClientProvider>
  );
}

function Pages() {
  const [path] = useLocation();
  const old = fromAws(window.location.hash);
  if (old !== undefined) return <Redirect to={old} replace />;
  return (
    <Crash key={path}>
      <Suspense fallback={<Loading label="Loading the page" />}>
        <Switch>
          {PAGES.map(({ path, page }) => (
            <Route key={path} path={path} component={page} />
          ))}
          <Route path="/map" component={PAGES[0]!.page} />
          <Route path="/:console/home">
            <Redirect to="/" replace />
          </Route>
          <Route path="/file" component={FilePage} />
          <Route path="/issues/:id">{({ id }) => <IssuePage key={id} id={decoded(id)} />}</Route>
          <Route path="/insights/:id">{({ id }) => <InsightPage key={id} id={id} />}</Route>
          <Route path="/services/:name">{({ name }) => <ServicePage key={name} name={decoded(name)} />}</Route>
          <Route path="/traces/:id">{({ id }) => <TracePage key={id} id={id} />}</Route>
          <Route>
            <NotFound />
          </Route>
        </Switch>
      </Suspense>
    </Crash>
  );
}

function NotFound() {
  return (
    <div className="empty" role="status">
      <h1>There is no such page</h1>
      <p>
        <a className="text-link" href="/">
          Show the service map
        </a>
      </p>
    </div>
  );
}
