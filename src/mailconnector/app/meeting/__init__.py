"""Meeting requests answered: the appointment in the calendar, and the answer to the organizer."""
