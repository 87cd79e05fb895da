// The element in JSX, for React 19: `import type {} from "holdpoint/react"` anywhere in the program.

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { HoldpointAgentElement, HoldpointAgentProps } from "./holdpoint.js";

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "holdpoint-agent": DetailedHTMLProps<
        HTMLAttributes<HoldpointAgentElement>,
        HoldpointAgentElement
      > &
        HoldpointAgentProps;
    }
  }
}
