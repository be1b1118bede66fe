import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { answerOf, api } from '../../api/client.ts';
import { SecretOnce } from '../../parts/secret-once.tsx';
import { Failure } from '../../shell/states.tsx';

/** A link that signs the client in once, to be sent to it. */
export function PortalLink({ id }: { readonly id: string }) {
  const link = useMutation({
    mutationFn: () => answerOf(api.POST('/v1/customers/{id}/portal-tokens', { params: { path: { id } } })),
  });
  return (
    <>
      <Button variant="default" size="xs" loading={link.isPending} onClick={() => link.mutate()}>
        Link to the portal
      </Button>
      {link.isError && <Failure error={link.error} />}
      {link.data && (
        <SecretOnce title="Works once, within 15 minutes" secret={link.data.url} onClose={() => link.reset()} />
      )}
    </>
  );
}
