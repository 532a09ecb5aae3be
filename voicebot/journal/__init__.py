"""What happened: contacts, turns, tickets, and how long they are kept."""
