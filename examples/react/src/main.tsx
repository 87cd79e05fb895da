import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Bank } from "./Bank";

createRoot(document.querySelector("#root")!).render(
  <StrictMode>
    <Bank />
  </StrictMode>,
);
