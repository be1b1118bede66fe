import { Button, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { csrfHeader, refusalOf, serviceUrl } from '../api/client.ts';
import { Failure } from '../shell/states.tsx';

interface DocumentButtonProps {
  readonly children: string;
  /** What it is of, for who cannot see which line it stands in. */
  readonly of: string;
  /** A path of the API that answers a file. */
  readonly path: string;
  readonly fileName: string;
  /** What is asked for where the path has answers of several types. */
  readonly accept?: string;
}

/**
 * Saves a file of the API. It is fetched here and not by a link: a refusal is read on the page and not in place of it, and a browser
 * that is signed in to a client's portal too asks as this page.
 */
export function DocumentButton({ children, of, path, fileName, accept }: DocumentButtonProps) {
  const save = useMutation({
    mutationFn: async () => {
      const headers = { ...csrfHeader(), ...(accept === undefined ? {} : { Accept: accept }) };
      const response = await fetch(`${serviceUrl}${path}`, { headers });
      if (!response.ok) throw await refusalOf(response);
      const url = URL.createObjectURL(await response.blob());
      const link = document.createElement('a');
      link.href = url;
      link.download = fileName;
      link.click();
      URL.revokeObjectURL(url);
    },
  });
  return (
    <Stack gap="xs" align="flex-start">
      <Button
        size="xs"
        variant="default"
        aria-label={`${children}: ${of}`}
        loading={save.isPending}
        onClick={() => save.mutate()}
      >
        {children}
      </Button>
      {save.isError && <Failure error={save.error} />}
    </Stack>
  );
}
