import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answerOf, api } from '../../api/client.ts';
import { UsageBar } from '../../parts/usage-bar.tsx';
import { Answer, Empty } from '../../shell/states.tsx';

export function Usage({ id }: { readonly id: string }) {
  const usage = useQuery({
    queryKey: ['client', id, 'usage'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/usage', { params: { path: { id } } })),
  });
  return (
    <Answer of={usage}>
      {({ data }) =>
        data.length === 0 ? (
          <Empty title="Nothing is measured">What a plan includes and what is used of it appears here.</Empty>
        ) : (
          <Stack>
            {data.map((feature) => (
              <UsageBar key={`${feature.feature} ${feature.periodStart}`} of={feature} />
            ))}
          </Stack>
        )
      }
    </Answer>
  );
}
