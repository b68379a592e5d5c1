/** The measured queries: those that panels send, and the most expensive ones. */
export interface BenchQuery {
  readonly search?: string;
  readonly university_id?: string;
  readonly department?: string;
  readonly source?: string;
  readonly status?: string;
  readonly sort_by?: 'id' | 'name' | 'participants_count' | 'created_at' | 'updated_at';
  readonly sort_order?: 'asc' | 'desc';
  /** Number of pages before the measured one. */
  readonly deep?: number;
}

export const QUERIES: readonly BenchQuery[] = [
  // Common words, alone and together. No chat has some of the pairs.
  { search: 'группа' },
  { search: 'группа', sort_by: 'name' },
  { search: 'факультет', sort_by: 'participants_count', sort_order: 'desc' },
  { search: 'общежитие медицинский' },
  { search: 'общежитие медицинский', sort_by: 'name' },
  { search: 'общежитие медицинский', sort_by: 'participants_count', sort_order: 'desc' },
  { search: 'экономики управления новости' },
  { search: 'экономики управления новости', sort_by: 'name', sort_order: 'desc' },
  { search: 'химический юридический' },
  { search: 'химический юридический', sort_by: 'name' },
  { search: 'кафедра общежитие', sort_by: 'participants_count' },
  // Prefixes of one, two and three characters.
  { search: 'г' },
  { search: 'г', sort_by: 'name' },
  { search: 'ю', sort_by: 'name', sort_order: 'desc' },
  { search: '2', sort_by: 'participants_count', sort_order: 'desc' },
  { search: 'мо', sort_by: 'updated_at' },
  { search: 'общ', sort_by: 'name' },
  { search: 'стр железо', sort_by: 'created_at', sort_order: 'desc' },
  // Common words with rare ones.
  { search: 'группа ивт 21' },
  { search: 'группа ивт 21', sort_by: 'name' },
  { search: 'ивт 21', sort_by: 'participants_count', sort_order: 'desc' },
  { search: 'анна ким', sort_by: 'name' },
  { search: 'шевченко медицинский' },
  { search: 'общежитие 24 этаж 7', sort_by: 'name' },
  { search: 'абитуриенты 2021 химический', sort_by: 'created_at' },
  { search: 'нет такого чата' },
  { search: '-68000000140103' },
  { search: 'bench', sort_by: 'name' },
  { search: '🎓 %' },
  // Filters, alone and combined.
  { university_id: '1', sort_by: 'participants_count', sort_order: 'desc' },
  { department: 'Юридический факультет' },
  { department: 'юридический факультет', sort_by: 'name' },
  { department: 'Медицинский институт', university_id: '2', sort_by: 'participants_count' },
  { source: 'bench', sort_by: 'name', sort_order: 'desc' },
  { status: 'active', sort_by: 'name' },
  { status: 'gone,denied', sort_by: 'participants_count' },
  { search: 'новости', department: 'Химический факультет', sort_by: 'name' },
  { search: 'курс', university_id: '1', status: 'active', sort_by: 'participants_count', sort_order: 'desc' },
  // Deep pages.
  { search: 'группа', sort_by: 'name', deep: 100 },
  { search: 'этаж 7', sort_by: 'participants_count', sort_order: 'desc', deep: 10 },
];

export const nameOf = ({ deep, ...query }: BenchQuery): string =>
  [...Object.entries(query).map(([key, value]) => `${key}=${value}`), ...(deep ? [`page ${deep + 1}`] : [])].join(' ');
