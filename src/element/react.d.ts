// The elements in JSX, for React 19: `import type {} from "holdpoint/react"` anywhere in the program.

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type {
  HoldpointAgentElement,
  HoldpointAgentProps,
  HoldpointApprovalElement,
  HoldpointInboxElement,
} from "./holdpoint.js";

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "holdpoint-agent": DetailedHTMLProps<
        HTMLAttributes<HoldpointAgentElement>,
        HoldpointAgentElement
      > &
        HoldpointAgentProps;
      "holdpoint-approval": DetailedHTMLProps<
        HTMLAttributes<HoldpointApprovalElement>,
        HoldpointApprovalElement
      > & { for?: string; namespace?: string; call?: string };
      "holdpoint-inbox": DetailedHTMLProps<
        HTMLAttributes<HoldpointInboxElement>,
        HoldpointInboxElement
      > & { for?: string; namespace?: string };
    }
  }
}
