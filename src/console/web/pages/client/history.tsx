import { answerOf, api } from '../../api/client.ts';
import type { Schemas } from '../../api/schema.ts';
import { money, time, words } from '../../format.ts';
import { DocumentButton } from '../../parts/document.tsx';
import { PagedTable, pageSize } from '../../parts/paged-table.tsx';
import { Status } from '../../parts/status.tsx';
import { Empty } from '../../shell/states.tsx';

type Transaction = Schemas['Transaction'];

const documented: ReadonlySet<Transaction['kind']> = new Set(['top_up', 'refill', 'pack', 'invoice']);

const hasReceipt = ({ paidAt, kind }: Transaction): boolean => paidAt !== null && documented.has(kind);

/** What was paid, tried and given back, newest first. */
export function History({ id }: { readonly id: string }) {
  return (
    <PagedTable
      caption="Billing history"
      queryKey={['client', id, 'transactions']}
      ask={(after) =>
        answerOf(
          api.GET('/v1/customers/{id}/transactions', {
            params: { path: { id }, query: { limit: pageSize, ...(after ? { after } : {}) } },
          }),
        )
      }
      columns={[
        { title: 'When', cell: ({ occurredAt }) => time(occurredAt) },
        { title: 'What', cell: ({ kind }) => words(kind) },
        { title: 'State', cell: ({ status }) => <Status of={status} /> },
        { title: 'Amount', numeric: true, cell: ({ amount }) => money(amount) },
        { title: 'Charged', numeric: true, cell: ({ charged }) => (charged ? money(charged) : '') },
        { title: 'Why', cell: ({ reason }) => reason?.message ?? reason?.declineCode ?? '' },
        {
          title: 'Receipt',
          cell: (line) =>
            hasReceipt(line) && (
              <DocumentButton
                of={`${words(line.kind)}, ${time(line.occurredAt)}`}
                path={`/v1/transactions/${encodeURIComponent(line.id)}/receipt.pdf`}
                fileName={`${line.id}.pdf`}
              >
                PDF
              </DocumentButton>
            ),
        },
      ]}
      keyOf={(line) => line.id}
      empty={<Empty title="Nothing was paid yet" />}
    />
  );
}
