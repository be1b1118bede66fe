import { once } from 'node:events';
import PdfDocument from 'pdfkit';
import type { ReceiptDocument } from './receipt-document.ts';

const margin = 56;
const ink = '#1a1a1a';
const faint = '#6b6b6b';
const rule = '#cccccc';

/** What Helvetica's own table of characters has no place for would come out as another character: it is marked instead. */
const printable = (text: string): string =>
  text.normalize('NFC').replaceAll(/[^\x20-\x7e\u00a0-\u00ff€–—‘’“”•…]/gu, '?');

/** The document as a PDF of A4 pages. The same document gives the same bytes: no moment but its own is in them. */
export async function drawPdf(document: ReceiptDocument): Promise<Uint8Array> {
  const date = new Date(`${document.issuedOn}T00:00:00Z`);
  const name = `${document.title} ${document.number}`;
  const pdf = new PdfDocument({
    size: 'A4',
    margin,
    lang: 'en',
    info: { Title: name, Author: printable(document.seller.name), CreationDate: date, ModDate: date },
  });
  const chunks: Buffer[] = [];
  pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = once(pdf, 'end');
  draw(pdf, document);
  pdf.end();
  await ended;
  return Buffer.concat(chunks);
}

type Pdf = InstanceType<typeof PdfDocument>;

function draw(pdf: Pdf, { title, number, issuedOn, seller, client, sections, support }: ReceiptDocument): void {
  pdf.fillColor(ink).font('Helvetica-Bold').fontSize(20).text(title, margin, margin);
  pdf.font('Helvetica').fontSize(10).fillColor(faint).text(`No. ${number}`).text(`Issued ${issuedOn}`).moveDown();
  party(pdf, 'From', seller);
  party(pdf, 'To', client);
  for (const { title: heading, rows } of sections) {
    keepTogether(pdf, 48);
    pdf.font('Helvetica-Bold').fontSize(11).fillColor(ink).text(printable(heading), margin).moveDown(0.4);
    for (const { label, value } of rows) row(pdf, printable(label), printable(value));
    pdf.moveDown();
  }
  keepTogether(pdf, 40);
  pdf.font('Helvetica').fontSize(9).fillColor(faint).text(printable(support), margin);
}

function party(pdf: Pdf, heading: string, { name, contact }: ReceiptDocument['seller']): void {
  pdf.font('Helvetica').fontSize(9).fillColor(faint).text(heading, margin);
  pdf.font('Helvetica-Bold').fontSize(11).fillColor(ink).text(printable(name));
  pdf.font('Helvetica').fontSize(10).text(contact.map(printable).join('\n')).moveDown();
}

/** A label at the left and a value at the right, on one line or as many as either needs. */
function row(pdf: Pdf, label: string, value: string): void {
  const width = pdf.page.width - 2 * margin;
  const [left, right] = [width * 0.6, width * 0.38];
  pdf.font('Helvetica').fontSize(10).fillColor(ink);
  const height = Math.max(pdf.heightOfString(label, { width: left }), pdf.heightOfString(value, { width: right }));
  keepTogether(pdf, height + 8);
  const top = pdf.y;
  pdf.text(label, margin, top, { width: left });
  pdf.text(value, margin + width - right, top, { width: right, align: 'right' });
  const bottom = top + height + 3;
  pdf
    .moveTo(margin, bottom)
    .lineTo(margin + width, bottom)
    .lineWidth(0.5)
    .strokeColor(rule)
    .stroke();
  pdf.x = margin;
  pdf.y = bottom + 4;
}

function keepTogether(pdf: Pdf, height: number): void {
  if (pdf.y + height > pdf.page.height - margin) pdf.addPage();
}
