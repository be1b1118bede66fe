import '@mantine/core/styles.css';
import {
  type CSSVariablesResolver,
  colorsTuple,
  createTheme,
  MantineProvider,
  mergeThemeOverrides,
} from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createContext, type ReactNode, StrictMode, useContext, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { Refusal } from '../api/refusal.ts';

const metaOf = (name: string): string => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';

/** Read before anything draws: the browser hides a nonce that stands in an attribute of that name, not one in a meta. */
const nonce = metaOf('nonce');
/** The sandbox's address; empty where money is real. */
export const sandboxUrl = metaOf('sandbox');

const theme = createTheme({
  primaryColor: 'teal',
  // Of the lighter ones, white text is too faint to read.
  primaryShade: { light: 9, dark: 9 },
  fontFamily: 'system-ui, sans-serif',
  cursorType: 'pointer',
});

/** The library's own hints and errors are too faint to read on their backgrounds. */
const readable: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#495057', '--mantine-color-error': '#c92a2a' },
  dark: { '--mantine-color-dimmed': '#ced4da', '--mantine-color-error': '#ffa8a8' },
});

/** As `theme`, in an agency's own colour: what stands on it is black or white, whichever can be read. */
const brandedTheme = (color: string) =>
  mergeThemeOverrides(theme, {
    colors: { brand: colorsTuple(color) },
    primaryColor: 'brand',
    autoContrast: true,
    // Where black and white are read equally well; WCAG's formula gives either 4.5 to 1.
    luminanceThreshold: 0.179,
  });

const BrandColor = createContext<(color: string | undefined) => void>(() => undefined);

/** Shows the whole application in a colour such as `#0a7d5c`; undefined: in its own. */
export function useBrandColor(color: string | undefined): void {
  const show = useContext(BrandColor);
  useEffect(() => show(color), [show, color]);
}

function Themed({ children }: { readonly children: ReactNode }) {
  const [color, setColor] = useState<string>();
  return (
    <BrandColor value={setColor}>
      <MantineProvider
        theme={color === undefined ? theme : brandedTheme(color)}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
        cssVariablesResolver={readable}
      >
        {children}
      </MantineProvider>
    </BrandColor>
  );
}

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A refusal is an answer: the same question would be answered the same.
      retry: (failures, error) => failures < 2 && !(error instanceof Refusal && error.status < 500),
    },
  },
});

/** Draws an application into its page. */
export function start(basename: string, application: ReactNode): void {
  const root = document.getElementById('root');
  if (!root) return;
  // The library that locks scrolling behind a dialog writes a style of its own, and looks here for its nonce.
  Object.assign(globalThis, { __webpack_nonce__: nonce });
  createRoot(root).render(
    <StrictMode>
      <Themed>
        <QueryClientProvider client={queries}>
          <BrowserRouter basename={basename}>{application}</BrowserRouter>
        </QueryClientProvider>
      </Themed>
    </StrictMode>,
  );
}
