import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import { useSession } from '../shell/session-context.ts';

/** Whose lists are shown: an agency sees its own, the platform any. Kept in the address, as filters are. */
export function useAgencyId(): string {
  const { agencyId, role } = useSession();
  const [search] = useSearchParams();
  return (role === 'platform' ? search.get('agency') : null) ?? agencyId;
}

/** Nothing for an agency, which has no choice. */
export function AgencyChoice() {
  const { role, agencyId: own, agencyName } = useSession();
  const [, setSearch] = useSearchParams();
  const agencyId = useAgencyId();
  const agencies = useQuery({
    queryKey: ['agencies', 'choice'],
    queryFn: () => answerOf(api.GET('/v1/agencies', { params: { query: { limit: '100' } } })),
    enabled: role === 'platform',
  });
  if (role !== 'platform') return null;
  const others = (agencies.data?.data ?? []).filter(({ id }) => id !== own);
  return (
    <NativeSelect
      label="Agency"
      value={agencyId}
      data={[{ value: own, label: agencyName }, ...others.map(({ id, name }) => ({ value: id, label: name }))]}
      onChange={({ currentTarget: { value } }) =>
        setSearch((before) => {
          const next = new URLSearchParams(before);
          if (value === own) next.delete('agency');
          else next.set('agency', value);
          return next;
        })
      }
    />
  );
}
