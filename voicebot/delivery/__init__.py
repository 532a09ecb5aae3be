"""What leaves the service: e-mails, text messages and webhooks, each delivered once, late rather than never."""
