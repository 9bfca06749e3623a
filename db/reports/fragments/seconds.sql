-- How long a session lasted.
date_part('epoch', ended_at - started_at)
