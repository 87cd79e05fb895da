import { bootstrapApplication } from "@angular/platform-browser";
import { Bank } from "./bank";

bootstrapApplication(Bank);
