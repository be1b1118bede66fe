import { Component, type ReactNode } from 'react';
import { Refusal } from '../api/refusal.ts';
import { Failure } from './states.tsx';

const notDrawn = new Refusal(0, { detail: 'This page cannot be shown: load it anew.' });

/** A page that fails to draw, or whose file is gone since the service was renewed, says so and leaves the others alone. */
export class Guard extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override state: { readonly failed: boolean } = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? (
      <Failure error={notDrawn} retry={() => window.location.reload()} />
    ) : (
      this.props.children
    );
  }
}
