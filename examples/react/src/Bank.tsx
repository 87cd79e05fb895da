import { useState } from "react";
import { Assistant } from "./Assistant";

export interface Transfer {
  amount: number;
  recipient: string;
}

export function Bank() {
  const [transfers, setTransfers] = useState<Transfer[]>([]);
  const [isOpen, setIsOpen] = useState(true);
  const balance = transfers.reduce((left, { amount }) => left - amount, 1000);

  return (
    <>
      <p>
        Balance: <output id="balance">{balance}</output>
      </p>
      <ul id="transfers">
        {transfers.map(({ amount, recipient }, index) => (
          <li key={index}>
            {amount} to {recipient}
          </li>
        ))}
      </ul>
      <button id="toggle" onClick={() => setIsOpen(!isOpen)}>
        {isOpen ? "Close" : "Open"} the assistant
      </button>
      {isOpen && (
        <Assistant balance={balance} onTransfer={(transfer) => setTransfers([...transfers, transfer])} />
      )}
    </>
  );
}
