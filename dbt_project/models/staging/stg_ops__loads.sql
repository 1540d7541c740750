{{ accepted_loads(source('ops', 'load_verdicts')) }}
