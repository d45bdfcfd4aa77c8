import { defineErrors } from '#kernel/errors';

export const simulationError = defineErrors({
  simulation_parameters_invalid: { status: 422, title: 'The parameters of the simulation are not right' },
  simulation_file_missing: { status: 422, title: 'A file of the simulation is missing or cannot be read' },
  simulation_folder_in_use: { status: 409, title: 'The folder already holds files' },
  simulation_row_invalid: { status: 422, title: 'A row of the file is damaged' },
  simulation_book_in_use: { status: 409, title: 'The book already has accounts of something else' },
  simulation_refused: { status: 409, title: 'The ledger refused a simulated transfer' },
});
