import type { ReactNode } from "react";
import { Tracking } from "./tracking";

export const metadata = { title: "Next" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <Tracking />
        {children}
      </body>
    </html>
  );
}
