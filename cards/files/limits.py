"""What a file may be at most; whatever is beyond is refused in a sentence that names the limit (docs/files.md)."""

LONGEST_CELL = 32_767  # characters, as spreadsheets have it
MOST_COLUMNS = 1_000
MOST_CELLS_OF_A_ROW = 16_384  # of a workbook, empty ones too, as spreadsheets have it
LONGEST_LINE = 100_000  # characters of CSV: less than the longest field that the csv module bears
MOST_LINES = 20_000_000  # of CSV: more than 512 MB of readings are
MOST_ROWS_OF_A_SHEET = 1_048_576  # as spreadsheets have it, its header included

MOST_SHARED_TEXTS = 3_000_000  # that a workbook keeps beside its sheets, each once
LARGEST_UNPACKED = 2 * 1024**3  # bytes
MOST_PARTS = 1_000  # files within the file
MOST_TIMES_PACKED = 200  # how many times its packed size a part unpacks to; spreadsheets reach 50

# What reading a workbook may take, in a process of its own: a million rows take half of it.
SECONDS_TO_READ = 90
MEMORY_TO_READ = 1024**3  # bytes
