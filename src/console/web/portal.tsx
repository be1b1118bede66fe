import { start } from './shell/app.tsx';
import { Empty } from './shell/states.tsx';

start(new URL('../portal', document.baseURI).pathname, <Empty title="Your account" />);
