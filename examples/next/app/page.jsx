import { Bank } from "./bank";

export default function Page() {
  return <Bank />;
}
