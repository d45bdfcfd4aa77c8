/** The rooms with doors, opened once, and all their routes: what the server serves, and what tests look through. */
import { type Ledger, ledgerRoutes } from '#engines/ledger';
import { type Processes, processRoutes } from '#engines/process';
import { accessRoutes, approvalRoutes } from '#kernel/administration';
import { auditRoutes } from '#kernel/audit';
import type { Clock } from '#kernel/clock';
import type { Database } from '#kernel/database';
import { eventRoutes } from '#kernel/events';
import type { RouteModule } from '#kernel/http';
import { type Identity, meRoutes, staffRoutes, tokenRoutes } from '#kernel/identity';
import { type Notifier, notificationRoutes } from '#kernel/notifications';
import { retentionRoutes } from '#kernel/retention';
import { type Webhooks, webhookRoutes } from '#kernel/webhooks';
import { accountCentreRoutes, customersOfParties } from '#systems/account-centre';
import { archiveRoutes } from '#systems/archive';
import { type Books, entityBooks, entityRoutes } from '#systems/books';
import { type AuditEvidence, evidenceRoutes, type PostingEvidence } from '#systems/evidence';
import { exchangeRoutes, openExchange } from '#systems/exchange';
import { generalLedgerRoutes } from '#systems/general-ledger';
import { partyRoutes, simulatedVerification } from '#systems/parties';
import { openReports, reportRoutes } from '#systems/reports';
import { openTemplates, templateRoutes } from '#systems/templates';

/** What of a running house its routes work on. */
export interface Rooms {
  readonly db: Database;
  readonly clock: Clock;
  readonly identity: Identity;
  readonly ledger: Ledger;
  readonly books: Books;
  readonly evidence: PostingEvidence;
  readonly auditEvidence: AuditEvidence;
  readonly notifier: Notifier;
  readonly webhooks: Webhooks;
  readonly processes: Processes;
  /** IANA name; business dates are counted there. */
  readonly timeZone: string;
}

/** All routes below /api/v1. A room with routes is added here, and nowhere else. */
export function routeModules(rooms: Rooms): readonly RouteModule[] {
  const { db, clock, identity, ledger, books, evidence, webhooks, processes, timeZone } = rooms;
  const { policy } = rooms.notifier;
  return [
    accessRoutes,
    approvalRoutes,
    staffRoutes(identity),
    meRoutes(identity),
    tokenRoutes,
    ledgerRoutes(ledger),
    entityRoutes(books, ledger.businessDate),
    generalLedgerRoutes(ledger),
    accountCentreRoutes(ledger),
    eventRoutes,
    webhookRoutes(webhooks),
    retentionRoutes,
    archiveRoutes,
    evidenceRoutes(evidence, rooms.auditEvidence),
    auditRoutes,
    notificationRoutes({ policy, timeZone }),
    processRoutes(processes),
    templateRoutes(openTemplates({ db, ledger, clock })),
    exchangeRoutes(openExchange({ db, ledger, clock })),
    reportRoutes(openReports({ db, entityBooks })),
    partyRoutes({ timeZone, verification: simulatedVerification(), customersOf: customersOfParties }),
  ];
}
