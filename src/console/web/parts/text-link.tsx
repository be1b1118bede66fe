import { Anchor } from '@mantine/core';
import { Link } from 'react-router';

/** A link in a table or a sentence, in the colour of the text: known by its line, which stands out enough in both themes. */
export function TextLink({ to, children }: { readonly to: string; readonly children: string }) {
  return (
    <Anchor component={Link} to={to} underline="always" c="var(--mantine-color-text)" inherit>
      {children}
    </Anchor>
  );
}
