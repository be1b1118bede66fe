import { Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answerOf, api } from '../../api/client.ts';
import { Refusal } from '../../api/refusal.ts';
import type { Schemas } from '../../api/schema.ts';
import { date, quantity } from '../../format.ts';
import { Status } from '../../parts/status.tsx';
import { Answer } from '../../shell/states.tsx';

/** Null for a client that never had one, which is no failure. */
async function trialOf(id: string): Promise<Schemas['Trial'] | null> {
  try {
    return await answerOf(api.GET('/v1/customers/{id}/trial', { params: { path: { id } } }));
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return null;
    throw error;
  }
}

/** The agency's trial, with which a client begins. */
export function Trial({ id }: { readonly id: string }) {
  const trial = useQuery({ queryKey: ['client', id, 'trial'], queryFn: () => trialOf(id) });
  return (
    <Answer of={trial}>
      {(found) =>
        found && (
          <Group>
            <Text>
              Trial: {quantity(found.minutes)} minutes and {found.concurrency} at once until {date(found.endsAt)}.
            </Text>
            <Status of={found.status} />
          </Group>
        )
      }
    </Answer>
  );
}
